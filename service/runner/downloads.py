"""The end of a job: what its network can be handed out as is proven, one format after the other, and stored."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from service.runner.proof import Measured, prove
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import DOWNLOAD_FORMATS, Lease, Phase
from service.store.network_repository import NetworkRepository
from service.store.proof_repository import ProofRepository


def prove_downloads(
    database: Database,
    lease: Lease,
    candidate: tuple[Phase, int],
    inputs: npt.NDArray[np.float32],
    folder: Path,
    obey: Callable[[], None],
) -> None:
    """Try every download of a candidate's network on the raw test rows `inputs`, but for those that were tried before.

    A format that fails is stored with its reason and does not fail the job. Raises LeaseLost, and what `obey` raises.
    """
    with database.read() as session:
        network = NetworkRepository(session).of_candidate(lease.job_id, *candidate)
        found = CandidateRepository(session).get(lease.job_id, *candidate)
        tried = {proof.format for proof in ProofRepository(session).load([network.id]).get(network.id, ())}
    if found is None or found[1] is None or found[1].test_predictions is None:
        raise ValueError(f"job {lease.job_id} stores no answers of candidate {candidate[1]} to the test rows")
    measured = Measured(inputs, found[1].test_predictions)
    for format_ in DOWNLOAD_FORMATS:
        if format_ in tried:
            continue
        proof, content = prove(format_, network, measured, folder / lease.job_id, obey)
        with database.write() as session:
            # The .npz file is the network itself and needs no copy.
            ProofRepository(session).record(lease, network.id, proof, None if format_ == "npz" else content)
        obey()
