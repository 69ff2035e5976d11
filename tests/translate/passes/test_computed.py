"""Embedding layers that compute their table, and whoever else asks an embedding layer for something that Keras' has not."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, method_text, port

POSITIONS = '''
class QuokkaPositions(nn.Embedding):
    def __init__(self, positions, width, padding_idx):
        self.make_weight(positions, width, padding_idx)

    def make_weight(self, positions, width, padding_idx):
        weight = self.table(positions, width, padding_idx)
        if not hasattr(self, "weight"):
            super().__init__(positions, width, padding_idx, _weight=weight)
        else:
            self.weight = nn.Parameter(weight.to(self.weight.dtype))
        self.weight.detach_()
        self.weight.requires_grad = False

    @staticmethod
    def table(positions, width, padding_idx):
        """The rows."""
        return torch.ones(positions, width)

    def forward(self, ids):
        longest = self.padding_idx + ids.shape[1]
        if longest > self.weight.size(0):
            self.make_weight(longest, self.embedding_dim, self.padding_idx)
        return super().forward(ids)


class QuokkaDecoder(nn.Module):
    def __init__(self, config, embed_tokens):
        super().__init__()
        self.padding_idx = embed_tokens.padding_idx
        self.embed_tokens = embed_tokens
        self.positions = QuokkaPositions(9, embed_tokens.embedding_dim, self.padding_idx)
        size = self.embed_tokens.weight.shape
        self.projection = nn.Linear(size[1], size[0], bias=False)
        self.projection.weight = self.embed_tokens.weight

    def forward(self, ids):
        return self.projection(self.embed_tokens(ids) + self.positions(ids))


class QuokkaBoth(nn.Module):
    def __init__(self, config):
        super().__init__()
        tokens = nn.Embedding(config.vocab_size, config.hidden_size, config.pad_token_id)
        self.decoder = QuokkaDecoder(config, tokens)

    def forward(self, ids):
        return self.decoder(ids)
'''


def test_the_table_is_the_initial_weight_and_a_longer_one_is_a_local(tmp_path: Path) -> None:
    text = port(tmp_path, POSITIONS).text
    made = " ".join(method_text(text, "TFQuokkaPositions", "__init__").split())
    assert "weight = self.table(positions, width, padding_idx) super().__init__( input_dim=positions" in made
    assert "embeddings_initializer=lambda shape, dtype=None: tf.cast(weight, dtype), trainable=False" in made
    assert made.endswith("self.padding_idx = padding_idx")
    call = method_text(text, "TFQuokkaPositions", "call")
    assert "table = tf.convert_to_tensor(self.embeddings)" in call and "if longest > shape_list(table)[0]:" in call
    assert "table = self.table(longest, self.output_dim, self.padding_idx)" in call
    assert "return tf.cast(tf.gather(table, ids), self.compute_dtype)" in call
    assert "make_weight" not in text


def test_a_linear_layer_with_the_weight_of_an_embedding_is_that_embedding(tmp_path: Path) -> None:
    text = port(tmp_path, POSITIONS).text
    decoder = class_text(text, "TFQuokkaDecoder")
    table = "tf.cast(self.embed_tokens.embeddings, self.compute_dtype)"
    product = f"tf.matmul( self.embed_tokens(ids) + self.positions(ids), {table}, transpose_b=True, )"
    assert product in " ".join(decoder.split())
    assert "self.projection" not in decoder
    assert "self.embed_tokens.build(None)" in decoder  # nobody else keeps it


def test_an_embedding_that_is_asked_for_its_padding_token_is_told(tmp_path: Path) -> None:
    assert "tokens.padding_idx = config.pad_token_id" in class_text(port(tmp_path, POSITIONS).text, "TFQuokkaBoth")
