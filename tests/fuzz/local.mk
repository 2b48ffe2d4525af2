# each fuzz target has a fragment of its own
