"""Scenes a lesson can be made of: each module drafts those of one or two kinds that a text has the matter for."""
