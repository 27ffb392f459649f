"""The services of the mesh, a folder each: they share contracts and `mesh`, never each other's code."""
