"""The search space of a GAN Compression generator: a base width per position."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from search_service.domain.space import Architecture, Choice, Option
from search_service.errors import InvalidArchitecture, InvalidInput
from search_service.spaces.gan_compression.generator import Generator, Widths
from search_service.spaces.gan_compression.generators import GENERATORS
from search_service.spaces.gan_compression.parameters import GanCompressionParameters, Options


@dataclass(frozen=True)
class GanCompressionSpace:
    """Choices: `channels.i`, the base width at position i; text form `16_16_32_16_32_32_16_16`."""

    parameters: GanCompressionParameters

    def __post_init__(self) -> None:
        name = self.parameters.generator
        if name not in GENERATORS:
            known = ", ".join(GENERATORS)
            raise InvalidInput(
                f"generator must be one of {known}, got {name}", pointer="/parameters/generator"
            )
        self.generator.check(self.parameters)
        _ = self.choices  # a space of bad lists does not come to be

    @property
    def family(self) -> str:
        """See SearchSpace."""
        return "gan-compression"

    @property
    def generator(self) -> Generator:
        """The kind of generator that these parameters ask for."""
        return GENERATORS[self.parameters.generator]

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """See SearchSpace."""
        lists = position_options(self.parameters, self.generator)
        return tuple(Choice(name=f"channels.{i}", options=o) for i, o in enumerate(lists))

    @cached_property
    def _live(self) -> tuple[bool, ...]:
        return self.generator.live(self.parameters)

    @cached_property
    def size(self) -> int:
        """See SearchSpace."""
        pairs = zip(self.choices, self._live, strict=True)
        return prod(len(choice.options) for choice, live in pairs if live)

    def architecture(self, options: Sequence[Option]) -> Architecture:
        """See SearchSpace; a width of a group without blocks has no effect and becomes its last."""
        if len(options) != len(self.choices):
            raise InvalidArchitecture(f"expected {len(self.choices)} options, got {len(options)}")
        canonical = []
        for choice, option, live in zip(self.choices, options, self._live, strict=True):
            if option not in choice.options:
                raise InvalidArchitecture(
                    f"{choice.name} must be one of {_listed(choice)}, got {option}",
                    pointer=f"/architecture/{choice.name}",
                )
            canonical.append(int(option if live else choice.options[-1]))
        return Architecture(options=tuple(canonical), text="_".join(map(str, canonical)))

    def parse(self, text: str) -> Architecture:
        """See SearchSpace: base widths joined by `_`, in any form that the generator reads."""
        parts, forms = text.split("_"), self.generator.forms
        if len(parts) not in forms:
            counts = " or ".join(map(str, forms))
            raise InvalidArchitecture(
                f"{text!r} has {len(parts)} widths; a {self.parameters.generator} takes {counts}"
            )
        places = zip(self.choices, forms[len(parts)], strict=True)
        return self.architecture([self._width(text, i, parts[i], c) for c, i in places])

    def _width(self, text: str, place: int, part: str, choice: Choice) -> int:
        where = f"width {place} of {text!r}"
        if not (part.isascii() and part.isdigit()) or str(int(part)) != part:
            raise InvalidArchitecture(f"{where} must be a whole number, got {part!r}")
        width = int(part)
        if width > self.parameters.base_channels:
            most = self.parameters.base_channels
            raise InvalidArchitecture(f"{where} is above the supernet's base width {most}")
        if width not in choice.options:
            raise InvalidArchitecture(f"{where} must be one of {_listed(choice)}")
        return width

    def describe(self, architecture: Architecture) -> Mapping[str, Option]:
        """See SearchSpace."""
        entries = zip(self.choices, architecture.options, self._live, strict=True)
        return {choice.name: option for choice, option, live in entries if live}

    def widths(self, architecture: Architecture) -> Widths:
        """The base width at each position."""
        return tuple(int(option) for option in architecture.options)

    def macs(self, architecture: Architecture, *, published: bool = False) -> int:
        """See SearchSpace."""
        return self.generator.macs(self.parameters, self.widths(architecture), published=published)

    def params(self, architecture: Architecture) -> int:
        """See SearchSpace."""
        return self.generator.params(self.parameters, self.widths(architecture))


def position_options(
    parameters: GanCompressionParameters, generator: Generator
) -> tuple[Options, ...]:
    """The base widths that each position may take, ascending.

    Raises InvalidInput for an unknown published space, one that is wider than the generator, or
    another number of lists than the generator has positions.
    """
    positions, base = len(next(iter(generator.forms.values()))), parameters.base_channels
    if parameters.channels:
        if len(parameters.channels) != positions:
            raise InvalidInput(
                f"channels must be {positions} lists, got {len(parameters.channels)}",
                pointer="/parameters/channels",
            )
        return parameters.channels
    if not parameters.space:
        return (tuple(sorted({max(1, base * k // 4) for k in (1, 2, 3, 4)})),) * positions
    published = generator.published.get(parameters.space)
    if published is None:
        known = ", ".join(generator.published)
        raise InvalidInput(
            f"unknown space {parameters.space!r}; known for {parameters.generator}: {known}",
            pointer="/parameters/space",
        )
    widest = max(options[-1] for options in published)
    if widest > base:
        raise InvalidInput(
            f"space {parameters.space} goes up to width {widest}, above base_channels {base}",
            pointer="/parameters/space",
        )
    return published


def _listed(choice: Choice) -> str:
    return ", ".join(map(str, choice.options))
