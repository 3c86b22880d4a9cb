"""Where patches come from: which cases train, where their patches lie, and what the last cycle got wrong."""
