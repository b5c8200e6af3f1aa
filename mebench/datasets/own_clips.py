"""``folder``: anybody's own clips, with a CSV file that says who is seen and when the expression happens."""

from __future__ import annotations

from mebench.datasets.action_units import SAMM, parse
from mebench.datasets.annotation import Annotation, Row, read_rows, usual_emotion
from mebench.datasets.contract import Terms
from mebench.datasets.layout import Layout
from mebench.datasets.recorded import Recorded
from mebench.datasets.sheets import Record, find_annotation, read_workbook, records
from mebench.datasets.tree import Tree

_COLUMNS = {
    "subject": ("subject",),
    "name": ("clip",),
    "fps": ("fps",),
    "onset": ("onset",),
    "apex": ("apex",),
    "offset": ("offset",),
    "units": ("action_units",),
    "emotion": ("emotion",),
}


class OwnClips(Recorded):
    """Your own clips: folders of frames and a table ``clips.csv`` (or ``clips.xlsx``).

    Columns: ``subject``, ``clip`` (the folder of its frames), ``fps``, ``onset``, ``apex``, ``offset`` (numbers in the file
    names; empty for first, middle and last), ``action_units`` (as in ``4+L12``) and ``emotion``; the last two may be left out.
    """

    name = "folder"
    title = "your own clips"
    fps = 30.0
    domains = ("folder",)
    notation = SAMM
    coded = False
    published = False
    terms = Terms(
        "your own",
        text="These are your clips. Nothing of them is shown unless you name who agreed to it: mebench data add folder PATH "
        "--publishable SUBJECT",
    )
    layouts = (Layout("a folder a clip", "{name}", r".*?(\d+)"), Layout("by person", "{subject}/{name}", r".*?(\d+)"))

    def annotate(self, tree: Tree) -> Annotation:
        """``clips.csv`` or ``clips.xlsx`` in the folder."""
        path = find_annotation(tree, ("clips.csv", "clips.xlsx"), self.title)
        rows = records(read_workbook(path), _COLUMNS, optional=frozenset({"units", "emotion"}))
        return read_rows(path, list(rows), self._row)

    def _row(self, record: Record) -> Row:
        subject, name, rate = record.text("subject"), record.text("name"), record.text("fps")
        if not subject or not name:
            raise ValueError("subject and clip must be given")
        if ".." in name.replace("\\", "/").split("/"):
            raise ValueError(f"the clip '{name}' lies outside the folder")
        try:
            fps = float(rate)
        except ValueError:
            fps = 0.0
        if not 1.0 <= fps <= 10_000.0:
            raise ValueError(f"'{rate}' is no frame rate")
        return Row(
            subject=subject,
            name=name.replace("\\", "/"),
            onset=record.number("onset"),
            apex=record.number("apex"),
            offset=record.number("offset"),
            units=parse(record.cells.get("units"), self.notation),
            emotion=usual_emotion(record.text("emotion")),
            line=record.line,
            fps=fps,
        )
