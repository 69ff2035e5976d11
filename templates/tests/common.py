def require_tf(test_case):
    """Skips tests where TensorFlow is missing."""
    return unittest.skipUnless(is_tf_available(), "test requires TensorFlow")(test_case)


def ids_tensor(shape, vocab_size, rng=None, name=None, dtype=None):
    """Random token ids below `vocab_size`."""
    rng = rng if rng is not None else random.Random()
    values = [rng.randint(0, vocab_size - 1) for _ in range(math.prod(shape))]
    return tf.reshape(tf.constant(values, dtype=dtype if dtype is not None else tf.int32), shape)


def random_attention_mask(shape, rng=None, name=None, dtype=None):
    """A random mask of ones and zeros, in which at least the last position of every row counts."""
    mask = ids_tensor(shape, vocab_size=2, rng=rng, dtype=dtype)
    return tf.concat([mask[:, :-1], tf.ones_like(mask[:, :1])], axis=-1)


def floats_tensor(shape, scale=1.0, rng=None, name=None, dtype=None):
    """Random floats from 0 to `scale`."""
    rng = rng if rng is not None else random.Random()
    values = [rng.random() * scale for _ in range(math.prod(shape))]
    return tf.reshape(tf.constant(values, dtype=dtype if dtype is not None else tf.float32), shape)


def tensors_of(output):
    """The tensors of a model's output, nested tuples flattened, nothing else."""
    if isinstance(output, dict):
        output = tuple(output.values())
    if isinstance(output, (list, tuple)):
        return [tensor for item in output for tensor in tensors_of(item)]
    return [output] if tf.is_tensor(output) else []


class TFModelTesterMixin:
    """The tests that every TensorFlow model has to pass. This release has no common ones to inherit from."""

    model_tester = None
    all_model_classes = ()
    all_generative_model_classes = ()
    test_resize_embeddings = True
    test_head_masking = True
    test_mismatched_shapes = True
    test_pruning = False
    is_encoder_decoder = False
    has_attentions = True

    def _prepare_for_class(self, inputs_dict, model_class, return_labels=False):
        inputs = dict(inputs_dict)
        batch_size = self.model_tester.batch_size
        name = model_class.__name__
        if name.endswith("ForMultipleChoice"):
            choices = self.model_tester.num_choices
            inputs = {
                key: tf.repeat(value[:, None], choices, axis=1) if tf.is_tensor(value) and value.shape.rank > 1 else value
                for key, value in inputs.items()
            }
        if not return_labels:
            return inputs
        if name.endswith("ForQuestionAnswering"):
            inputs["start_positions"] = tf.zeros([batch_size], dtype=tf.int32)
            inputs["end_positions"] = tf.zeros([batch_size], dtype=tf.int32)
        elif name.endswith(("SequenceClassification", "ImageClassification", "MultipleChoice", "NextSentencePrediction")):
            inputs["labels"] = tf.zeros([batch_size], dtype=tf.int32)
        elif name.endswith(("TokenClassification", "CausalLM", "MaskedLM", "ConditionalGeneration")):
            ids = inputs.get("decoder_input_ids", inputs.get("input_ids"))
            if ids is not None:
                inputs["labels"] = tf.zeros_like(ids)
        return inputs

    def _models(self):
        for model_class in self.all_model_classes:
            config, inputs_dict = self.model_tester.prepare_config_and_inputs_for_common()
            yield model_class, config, self._prepare_for_class(inputs_dict, model_class)

    def _assert_same(self, first, second, tolerance=1e-5):
        first, second = tensors_of(first), tensors_of(second)
        self.assertEqual(len(first), len(second))
        for one, other in zip(first, second):
            self.assertEqual(one.shape, other.shape)
            if one.dtype.is_floating:
                np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=tolerance, atol=tolerance)
            else:
                np.testing.assert_array_equal(one.numpy(), other.numpy())

    def test_save_load(self):
        for model_class, config, inputs in self._models():
            model = model_class(config)
            before = model(inputs)
            with tempfile.TemporaryDirectory() as folder:
                model.save_pretrained(folder)
                self.assertTrue(os.path.isfile(os.path.join(folder, "config.json")))
                self._assert_same(before, model_class.from_pretrained(folder)(inputs))

    def test_save_load_config(self):
        for model_class, config, inputs in self._models():
            model = model_class(config)
            model(inputs)
            again = model_class.from_config(model.get_config())
            again(inputs)
            again.set_weights(model.get_weights())
            self._assert_same(model(inputs), again(inputs))

    @unittest.skipUnless(is_torch_available(), "compares with PyTorch")
    def test_pytorch_weights(self):
        import torch
        import transformers

        for model_class, config, inputs in self._models():
            twin = getattr(transformers, model_class.__name__[2:], None)
            if twin is None:
                continue
            pytorch = twin(config).eval()
            tensors = {
                name: torch.from_numpy(value.numpy().astype("int64") if value.dtype.is_integer else value.numpy())
                for name, value in inputs.items()
                if tf.is_tensor(value)
            }
            plain = {name: value for name, value in inputs.items() if not tf.is_tensor(value)}
            with torch.no_grad():
                expected = pytorch(**tensors, **plain)
            with tempfile.TemporaryDirectory() as folder:
                pytorch.save_pretrained(folder)
                model, report = model_class.from_pretrained(folder, from_pt=True, output_loading_info=True)
            self.assertEqual(report["missing_keys"], [])
            found = model(inputs)
            for name, value in expected.items():
                if torch.is_tensor(value) and name in found:
                    np.testing.assert_allclose(value.numpy(), found[name].numpy(), rtol=1e-5, atol=1e-5)

    def test_forward_signature(self):
        for model_class, config, inputs in self._models():
            names = list(inspect.signature(model_class(config).call).parameters)
            self.assertEqual(names[0], model_class.main_input_name)
            self.assertIn("training", names)

    def test_determinism(self):
        for model_class, config, inputs in self._models():
            model = model_class(config)
            self._assert_same(model(inputs, training=False), model(inputs, training=False), tolerance=0.0)

    def test_model_outputs_equivalence(self):
        for model_class, config, inputs in self._models():
            model = model_class(config)
            self._assert_same(model(inputs, return_dict=True), model(inputs, return_dict=False))

    def test_keyword_and_dict_args(self):
        for model_class, config, inputs in self._models():
            model = model_class(config)
            self._assert_same(model(inputs), model(**inputs))

    def test_numpy_arrays_inputs(self):
        for model_class, config, inputs in self._models():
            model = model_class(config)
            arrays = {name: value.numpy() if tf.is_tensor(value) else value for name, value in inputs.items()}
            self._assert_same(model(inputs), model(arrays))

    def test_graph_mode(self):
        for model_class, config, inputs in self._models():
            model = model_class(config)
            self._assert_same(model(inputs), tf.function(model)(inputs), tolerance=1e-4)

    def test_hidden_states_output(self):
        for model_class, config, inputs in self._models():
            config.output_hidden_states = True
            output = model_class(config)(inputs)
            states = [value for name, value in output.items() if name.endswith("hidden_states")]
            self.assertTrue(states)
            self.assertTrue(all(isinstance(value, tuple) and len(value) > 1 for value in states))

    def test_attention_outputs(self):
        if not self.has_attentions:
            self.skipTest(reason="the model returns no attentions")
        for model_class, config, inputs in self._models():
            config.output_attentions = True
            output = model_class(config)(inputs)
            found = [value for name, value in output.items() if name.endswith("attentions")]
            self.assertTrue(found)
            for values in found:
                self.assertTrue(all(value.shape[0] % self.model_tester.batch_size == 0 for value in values))

    def test_loss_computation(self):
        for model_class, config, inputs in self._models():
            _, inputs_dict = self.model_tester.prepare_config_and_inputs_for_common()
            labelled = self._prepare_for_class(inputs_dict, model_class, return_labels=True)
            if len(labelled) == len(inputs):
                continue
            loss = model_class(config)(labelled).loss
            self.assertTrue(np.isfinite(np.mean(loss.numpy())))

    def test_model_common_attributes(self):
        for model_class, config, inputs in self._models():
            self.assertIsInstance(model_class(config).get_input_embeddings(), keras.layers.Layer)

    def test_inputs_embeds(self):
        for model_class, config, inputs in self._models():
            names = inspect.signature(model_class.call).parameters
            if "inputs_embeds" not in names or "input_ids" not in inputs or self.is_encoder_decoder:
                continue
            model = model_class(config)
            model(inputs)
            embedded = dict(inputs)
            embedded["inputs_embeds"] = model.get_input_embeddings()(embedded.pop("input_ids"))
            self.assertEqual(len(tensors_of(model(embedded))), len(tensors_of(model(inputs))))
