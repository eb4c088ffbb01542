"""The rooms behind the pytest plugin, loaded when the first prompt test is collected; this one loads none of them."""
