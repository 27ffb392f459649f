"""When a text cannot be taught."""


class TooLittleContent(ValueError):
    """The passages teach too little, or nothing about the topic, to make a lesson of; the message says which."""
