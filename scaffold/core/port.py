"""What a finished translation asks to be registered."""

from __future__ import annotations

from dataclasses import dataclass

from scaffold.core.names import ModelNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    """Who is credited: a display name and a link (Hugging Face or GitHub profile)."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """The classes of one TensorFlow file and the PyTorch classes they mirror.

    `public` are the TF classes to export (those whose PyTorch twin the main `__init__` exports, the pretrained base class
    included), `models` those deriving from TFPreTrainedModel other than the base class, `withheld` public PyTorch classes
    that have no registered TF twin, with the reason. `constants` are exported with the classes (lists of checkpoints).
    `new_auto_classes` asks for a `TFAutoModelFor…` where a class has no TensorFlow mapping to stand in.
    """

    names: ModelNames
    public: tuple[str, ...]
    models: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...] = ()
    contributor: Contributor | None = None
    aliases: tuple[
        tuple[str, str], ...
    ] = ()  # (TF class, PyTorch class) where the name is not simply TF + PyTorch name
    constants: tuple[str, ...] = ()
    new_auto_classes: bool = False

    @property
    def exported(self) -> tuple[str, ...]:
        """Every name that the `__init__` files have to list."""
        return (*self.constants, *self.public)

    def pt_name(self, tf_class: str) -> str:
        """The PyTorch class a TF class mirrors."""
        return dict(self.aliases).get(tf_class, tf_class.removeprefix("TF"))
