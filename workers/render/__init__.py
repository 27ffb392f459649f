"""Renders lesson scenes: pictures by Manim, voice by espeak-ng, joined into MP4 files."""
