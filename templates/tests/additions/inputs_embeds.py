@unittest.skip(reason="MODEL does not use inputs_embeds")
def test_inputs_embeds(self):
    pass
