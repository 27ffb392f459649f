"""When a text cannot be worked with."""


class TooLittleContent(ValueError):
    """The text teaches too little, or nothing about the topic, to make what was asked; the message says which."""
