// The mapping's script. The page works without it.
