def test_forward_signature(self):
    config, _ = self.model_tester.prepare_config_and_inputs_for_common()

    for model_class in self.all_model_classes:
        model = model_class(config)
        signature = inspect.signature(model.call)
        # signature.parameters is an ordered mapping, so the first name is the first argument
        self.assertEqual(next(iter(signature.parameters)), "MAIN_INPUT")
