"""What the `datasets` table keeps of a data set once a runner has read it."""

from core.dataset import Dataset
from service.data.built_in import BUILT_IN
from service.store.entities import DatasetRow


def dataset_row(dataset: Dataset) -> DatasetRow:
    """Describe a built-in data set that was read with its test rows."""
    built_in = BUILT_IN[dataset.name]
    return DatasetRow(
        name=dataset.name,
        title=built_in.title,
        task=dataset.task,
        input_shape=dataset.input_shape,
        classes=dataset.class_names,
        train_rows=len(dataset.train),
        validation_rows=len(dataset.validation),
        test_rows=len(dataset.test) if dataset.test is not None else 0,
        fingerprint=dataset.fingerprint,
        source=built_in.source,
    )
