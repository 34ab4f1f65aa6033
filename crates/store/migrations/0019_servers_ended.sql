-- When a server stopped in good order: from then on nobody took what shops sent. NULL: it works, or broke off.
ALTER TABLE servers ADD COLUMN ended_at BIGINT;
