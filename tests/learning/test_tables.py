"""Tables as CSV files."""

from reprise.learning.tables import write_table


def test_rows_are_a_table(tmp_path):
    write_table([{"epoch": 1, "nats": 2.5}, {"epoch": 2, "nats": ""}], tmp_path / "plots" / "curves.csv")
    assert (tmp_path / "plots" / "curves.csv").read_text() == "epoch,nats\n1,2.5\n2,\n"
