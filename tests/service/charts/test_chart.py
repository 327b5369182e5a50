import csv
import io

from service.charts.chart import Chart, Column, to_csv


def test_a_table_is_written_as_rfc_4180_has_it() -> None:
    chart = Chart(
        "generations",
        "A title",
        "A summary.",
        (Column("candidate", "Candidate"), Column("score", "Score"), Column("parents", "Parents"), Column("best", "B")),
        ((0, 1 / 3, (), True), (1, None, (0, 7), False)),
        "",
        "accuracy",
    )

    assert to_csv(chart) == "candidate,score,parents,best\r\n0,0.3333333333333333,,true\r\n1,,0 7,false\r\n"
    assert chart.column("score") == [1 / 3, None]
    assert chart.records("best", "candidate") == [(True, 0), (False, 1)]


def test_names_with_commas_quotes_and_breaks_stay_one_cell() -> None:
    hostile = 'a, "b"\r\nc'
    chart = Chart("workers", "", "", (Column("worker", ""),), ((hostile,),), "", "accuracy")

    assert list(csv.reader(io.StringIO(to_csv(chart), newline=""))) == [["worker"], [hostile]]
