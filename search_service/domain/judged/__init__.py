"""All that was judged of one supernet, as columns: what fronts and best values are found in."""

from search_service.domain.judged.axis import Axis, Need, axes_of
from search_service.domain.judged.block import Block, row_bytes
from search_service.domain.judged.judged import Judged
from search_service.domain.judged.ordered import Rows
from search_service.domain.judged.view import Bound, View

__all__ = ["Axis", "Block", "Bound", "Judged", "Need", "Rows", "View", "axes_of", "row_bytes"]
