"""What must hold for a student that begins as its teacher's strongest filters."""

from search_service.errors import InvalidInput


def require_prunable(*, initial: str, weights: str, kind: str, teacher: int, student: int) -> None:
    """Of a student's file of first weights, which there must not be, its teacher's file and kind,
    and both base widths.

    Raises InvalidInput, pointing at the key that stands against it.
    """
    if initial:
        raise InvalidInput(
            "a student begins either from the file initial or as its teacher's strongest filters",
            pointer="/initial",
        )
    if not weights:
        raise InvalidInput(
            "teacher.weights must name a file: the student begins as its strongest filters",
            pointer="/teacher/weights",
        )
    if kind != "mobile":
        raise InvalidInput(
            f"teacher.kind must be mobile, as its student is, for it to begin as the teacher's "
            f"strongest filters; got {kind!r}",
            pointer="/teacher/kind",
        )
    if teacher < student:
        raise InvalidInput(
            f"teacher.base_channels must be at least the student's {student} for it to begin as "
            f"the teacher's strongest filters; got {teacher}",
            pointer="/teacher/base_channels",
        )
