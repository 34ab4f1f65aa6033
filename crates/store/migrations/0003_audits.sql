-- When an audit of the shop was last begun by a server, so that of several servers one does it.

ALTER TABLE shops ADD COLUMN audit_begun_at BIGINT;
