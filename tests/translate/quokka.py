"""One made-up model with most of what modelling files have, as a string: nothing here is ever imported by a framework."""

MODEL = '''
QUOKKA_START_DOCSTRING = r"""
    This model is a PyTorch model.

    Parameters:
        config ([`QuokkaConfig`]): Sizes. See [`~PreTrainedModel.from_pretrained`].
"""


class QuokkaEmbeddings(nn.Module):
    """Words and positions."""

    def __init__(self, config):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size, padding_idx=config.pad_token_id)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.register_buffer(
            "position_ids", torch.arange(config.max_position_embeddings).expand((1, -1)), persistent=False
        )

    def forward(self, input_ids: torch.LongTensor) -> torch.Tensor:
        length = input_ids.shape[1]
        # words first, positions second
        embeddings = self.word_embeddings(input_ids) + self.position_embeddings(self.position_ids[:, :length])
        embeddings = self.LayerNorm(embeddings)  # as in the paper
        return self.dropout(embeddings)


class QuokkaSelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.hidden_size % config.num_attention_heads != 0:
            raise ValueError("sizes do not divide {{ nothing }}")
        self.num_attention_heads = config.num_attention_heads
        self.attention_head_size = config.hidden_size // config.num_attention_heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size, bias=False)
        self.key = nn.Linear(config.hidden_size, config.hidden_size)
        self.dropout = config.attention_dropout

    def split(self, x: torch.Tensor) -> torch.Tensor:
        shape = x.size()[:-1] + (self.num_attention_heads, self.attention_head_size)
        return x.view(shape).permute(0, 2, 1, 3)

    def forward(self, hidden_states: torch.Tensor, attention_mask: Optional[torch.Tensor] = None) -> Tuple[torch.Tensor]:
        query = self.split(self.query(hidden_states))
        key = self.split(self.key(hidden_states))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.attention_head_size)
        if scores.size() != (hidden_states.size(0), self.num_attention_heads, 4, 4):
            raise ValueError(f"scores are {scores.size()}")
        if attention_mask is not None:
            scores = scores + attention_mask
        scores = nn.functional.softmax(scores, dim=-1)
        scores = F.dropout(scores, p=self.dropout, training=self.training)
        return (scores,)


class QuokkaSdpaSelfAttention(QuokkaSelfAttention):
    def forward(self, hidden_states, attention_mask=None):
        return torch.nn.functional.scaled_dot_product_attention(hidden_states, hidden_states, hidden_states)


QUOKKA_SELF_ATTENTION_CLASSES = {"eager": QuokkaSelfAttention, "sdpa": QuokkaSdpaSelfAttention}


# Copied from transformers.models.elder.modeling_elder.ElderOutput with Elder->Quokka
class QuokkaOutput(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(config.intermediate_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, hidden_states: torch.Tensor, input_tensor: torch.Tensor) -> torch.Tensor:
        hidden_states = self.dense(hidden_states)
        return self.LayerNorm(self.dropout(hidden_states) + input_tensor)


class QuokkaScale(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(config.hidden_size))
        self.shift = nn.Parameter(torch.zeros(1, config.hidden_size), requires_grad=False)
        self.gate = nn.Sequential(
            nn.Linear(config.hidden_size, config.hidden_size), nn.Linear(config.hidden_size, config.hidden_size)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.gate(x)
        return x * self.gain + self.shift


class QuokkaAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.self = QUOKKA_SELF_ATTENTION_CLASSES[config._attn_implementation](config)
        self.output = QuokkaOutput(config)
        self.pruned_heads = set()

    def forward(self, hidden_states: torch.Tensor, attention_mask: Optional[torch.Tensor] = None) -> torch.Tensor:
        scores = self.self(hidden_states, attention_mask)[0]
        return self.output(torch.matmul(torch.mean(scores, dim=1), hidden_states), hidden_states)


class QuokkaEncoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.layer = nn.ModuleList([QuokkaAttention(config) for _ in range(config.num_hidden_layers)])
        self.scale = QuokkaScale(config)
        self.gradient_checkpointing = False

    def forward(self, hidden_states: torch.Tensor, attention_mask: Optional[torch.Tensor] = None) -> BaseModelOutput:
        for i, layer_module in enumerate(self.layer):
            if self.gradient_checkpointing and self.training:
                hidden_states = self._gradient_checkpointing_func(layer_module.__call__, hidden_states, attention_mask)
            else:
                hidden_states = layer_module(hidden_states, attention_mask)
        return BaseModelOutput(last_hidden_state=self.scale(hidden_states))


class QuokkaLMPredictionHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.transform = nn.Linear(config.hidden_size, config.hidden_size)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.decoder.bias = self.bias

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        hidden_states = self.transform(hidden_states)
        hidden_states = self.decoder(hidden_states)
        return hidden_states


@add_start_docstrings("The bare Quokka.", QUOKKA_START_DOCSTRING)
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config, add_scale=True):
        super().__init__(config)
        self.config = config
        self.embeddings = QuokkaEmbeddings(config)
        self.encoder = QuokkaEncoder(config)
        self.post_init()

    def get_input_embeddings(self):
        return self.embeddings.word_embeddings

    def set_input_embeddings(self, value):
        self.embeddings.word_embeddings = value

    def forward(
        self,
        input_ids: Optional[torch.LongTensor] = None,
        attention_mask: Optional[torch.Tensor] = None,
        output_hidden_states: Optional[bool] = None,
        return_dict: Optional[bool] = None,
    ) -> Union[Tuple, BaseModelOutput]:
        return_dict = return_dict if return_dict is not None else self.config.use_return_dict
        return self.encoder(self.embeddings(input_ids), attention_mask)


class QuokkaForMaskedLM(QuokkaPreTrainedModel):
    _tied_weights_keys = ["cls.decoder.weight", "cls.decoder.bias"]

    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config, add_scale=False)
        self.cls = QuokkaLMPredictionHead(config)
        self.post_init()

    def get_output_embeddings(self):
        return self.cls.decoder

    def set_output_embeddings(self, new_embeddings):
        self.cls.decoder = new_embeddings

    def forward(
        self, input_ids: Optional[torch.LongTensor] = None, labels: Optional[torch.LongTensor] = None
    ) -> Union[Tuple, BaseModelOutput]:
        outputs = self.quokka(input_ids)
        prediction_scores = self.cls(outputs[0])
        masked_lm_loss = None
        if labels is not None:
            loss_fct = CrossEntropyLoss()
            masked_lm_loss = loss_fct(prediction_scores.view(-1, self.config.vocab_size), labels.view(-1))
        return (masked_lm_loss, prediction_scores)


class QuokkaForCausalLM(QuokkaPreTrainedModel):
    _tied_weights_keys = ["lm_head.weight"]

    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def get_output_embeddings(self):
        return self.lm_head

    def set_output_embeddings(self, new_embeddings):
        self.lm_head = new_embeddings

    def forward(
        self, input_ids: Optional[torch.LongTensor] = None, labels: Optional[torch.LongTensor] = None
    ) -> Union[Tuple, BaseModelOutput]:
        logits = self.lm_head(self.quokka(input_ids)[0])
        loss = None
        if labels is not None:
            shifted = logits[:, :-1, :].contiguous()
            labels = labels[:, 1:].contiguous()
            loss_fct = CrossEntropyLoss()
            loss = loss_fct(shifted.view(-1, self.config.vocab_size), labels.view(-1))
        return (loss, logits)


class QuokkaForSequenceClassification(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.num_labels = config.num_labels
        self.quokka = QuokkaModel(config)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)

    def forward(
        self,
        input_ids: Optional[torch.LongTensor] = None,
        labels: Optional[torch.LongTensor] = None,
        return_dict: Optional[bool] = None,
    ) -> Union[Tuple, SequenceClassifierOutput]:
        pooled = self.quokka(input_ids)[0][:, 0]
        logits = self.classifier(self.dropout(pooled))
        loss = None
        if labels is not None:
            if self.config.problem_type is None:
                if self.num_labels == 1:
                    self.config.problem_type = "regression"
                elif self.num_labels > 1 and (labels.dtype == torch.long or labels.dtype == torch.int):
                    self.config.problem_type = "single_label_classification"
                else:
                    self.config.problem_type = "multi_label_classification"
            if self.config.problem_type == "regression":
                loss_fct = MSELoss()
                loss = loss_fct(logits.squeeze(), labels.squeeze())
            elif self.config.problem_type == "single_label_classification":
                loss_fct = CrossEntropyLoss()
                loss = loss_fct(logits.view(-1, self.num_labels), labels.view(-1))
            elif self.config.problem_type == "multi_label_classification":
                loss_fct = BCEWithLogitsLoss()
                loss = loss_fct(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


class QuokkaForQuestionAnswering(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.qa_outputs = nn.Linear(config.hidden_size, 2)

    def forward(
        self,
        input_ids: Optional[torch.LongTensor] = None,
        start_positions: Optional[torch.LongTensor] = None,
        end_positions: Optional[torch.LongTensor] = None,
    ) -> Union[Tuple, BaseModelOutput]:
        logits = self.qa_outputs(self.quokka(input_ids)[0])
        start_logits, end_logits = logits.split(1, dim=-1)
        start_logits = start_logits.squeeze(-1).contiguous()
        end_logits = end_logits.squeeze(-1).contiguous()
        total_loss = None
        if start_positions is not None and end_positions is not None:
            ignored_index = start_logits.size(1)
            loss_fct = CrossEntropyLoss(ignore_index=ignored_index)
            total_loss = (loss_fct(start_logits, start_positions) + loss_fct(end_logits, end_positions)) / 2
        return (total_loss, start_logits, end_logits)


class QuokkaBackbone(QuokkaPreTrainedModel, BackboneMixin):
    def __init__(self, config):
        super().__init__(config)
        self.embeddings = QuokkaEmbeddings(config)

    def forward(self, input_ids):
        return self.embeddings(input_ids)


class QuokkaForOddity(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)

    def forward(self, input_ids: Optional[torch.LongTensor] = None) -> torch.Tensor:
        hidden = self.quokka(input_ids)[0]
        # an odd thing to do
        hidden = torch.unheard_of(hidden, 3)
        return hidden
'''

EXPORTED = (
    "QuokkaBackbone",
    "QuokkaForCausalLM",
    "QuokkaForMaskedLM",
    "QuokkaForOddity",
    "QuokkaForQuestionAnswering",
    "QuokkaForSequenceClassification",
    "QuokkaModel",
    "QuokkaPreTrainedModel",
)
