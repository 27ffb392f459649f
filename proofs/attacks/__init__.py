"""What somebody who means harm sends."""
