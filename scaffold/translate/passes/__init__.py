"""Structural passes over statements, in the one order they run in."""

from __future__ import annotations

from scaffold.translate import autograd, generation
from scaffold.translate.passes import (
    caches,
    containers,
    deprecated,
    freezing,
    functional_dropout,
    groups,
    guards,
    inplace,
    losses,
    memo,
    prune,
    rotary,
    rows,
    switches,
    tables,
)
from scaffold.translate.writer import Pass

CALL_PASSES: tuple[Pass, ...] = (
    caches.length_of_the_mask,
    autograd.saved,
    deprecated.asks_values,
    deprecated.unreached_branch,
    prune.settled_conditions,
    freezing.frozen_parameters,
    freezing.initialising_loop,
    tables.made_or_grown,
    prune.torch_only,
    generation.last_token_only,
    caches.warning_about_tuples,
    caches.handed_back,
    rotary.dynamic_frequencies,
    rotary.rebound_buffer,
    switches.lasts_for_the_call,
    memo.kept_tensor,
    groups.by_module,
    guards.shape_checks,
    guards.nothing_to_do,
    guards.whoever_is_needed,
    losses.library_loss,
    losses.constructed_loss,
    losses.loss_of_one_item,
    rows.changed_rows,
    inplace.item_assignment,
    inplace.in_place_method,
    functional_dropout.through_layer,
    containers.replaced_layer,
    containers.sequential_call,
)
