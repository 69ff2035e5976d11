def test_hidden_states_and_attentions_are_reproducible(self):
    config, inputs_dict = self.model_tester.prepare_config_and_inputs_for_common()
    flags = {"output_hidden_states": True, "output_attentions": self.has_attentions}

    for model_class in self.all_model_classes:
        model = model_class(config)
        inputs = self._prepare_for_class(inputs_dict, model_class)
        plain = model(inputs, training=False)
        first = model(inputs, training=False, **flags)
        second = model(inputs, training=False, **flags)

        # asking for more outputs must not change the others
        tf.debugging.assert_near(plain[0], first[0], atol=1e-5)

        for key in first.keys():
            if "hidden_states" in key or "attentions" in key:
                self.assertEqual(len(first[key]), len(second[key]))
                for one, other in zip(first[key], second[key]):
                    tf.debugging.assert_near(one, other, atol=1e-5)
