-- Lanes that something from outside wants to be worked on; while one is worked on it has no wake.
CREATE INDEX lanes_woken ON lanes (next_at) WHERE wake_at IS NOT NULL;
