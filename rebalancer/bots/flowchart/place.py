"""Where an element stands in its document."""


class Place:
    """The path to an element of a document, as a linked list: strings would take space in the square of the depth.

    There is one for each element, so that this is no dataclass: those take three times as long to make.
    """

    __slots__ = ("parent", "step")

    def __init__(self, parent: "Place | None", step: str | int) -> None:
        self.parent = parent
        self.step = step

    def __str__(self) -> str:
        """Such as `children[0].then`; of a path of more than 12 steps the middle is left out."""
        steps: list[str | int] = []
        place: Place | None = self
        while place is not None:
            steps.append(place.step)
            place = place.parent
        steps.reverse()
        if len(steps) > 12:
            steps = [*steps[:4], "…", *steps[-7:]]
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
        return text.removeprefix(".")
