"""One module for each kind of scene: `attempts` gives its layouts, from the best to the one that always has room."""
