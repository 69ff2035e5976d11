def test_model_common_attributes(self):
    config, _ = self.model_tester.prepare_config_and_inputs_for_common()

    for model_class in self.all_model_classes:
        model = model_class(config)
        self.assertIsInstance(model.get_input_embeddings(), keras.layers.Layer)
        output_embeddings = model.get_output_embeddings()
        self.assertTrue(output_embeddings is None or isinstance(output_embeddings, keras.layers.Layer))
