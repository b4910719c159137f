"""How music made from text is measured."""
