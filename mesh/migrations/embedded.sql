-- 0005: made by `python -m mesh.migrations`

CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE outbox (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR NOT NULL, 
	body BLOB NOT NULL, 
	headers JSON NOT NULL, 
	time FLOAT NOT NULL
, transaction_id BIGINT DEFAULT '0' NOT NULL);

CREATE INDEX outbox_time ON outbox (time);

CREATE TABLE subscriptions (
	name VARCHAR NOT NULL, 
	position BIGINT NOT NULL, transaction_id BIGINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (name)
);

CREATE TABLE queue_jobs (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	topic VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	body BLOB NOT NULL, 
	priority INTEGER NOT NULL, 
	headers JSON NOT NULL, 
	state VARCHAR NOT NULL, 
	attempt INTEGER NOT NULL, 
	token INTEGER NOT NULL, 
	available FLOAT NOT NULL, 
	enqueued FLOAT NOT NULL, 
	finished FLOAT, 
	reason VARCHAR NOT NULL, message VARCHAR DEFAULT '' NOT NULL, 
	UNIQUE (topic, "key")
);

CREATE INDEX queue_jobs_next ON queue_jobs (topic, priority DESC, seq) WHERE finished IS NULL;

CREATE INDEX queue_jobs_due ON queue_jobs (topic, available) WHERE finished IS NULL;

CREATE INDEX queue_jobs_finished ON queue_jobs (finished);

CREATE TABLE replies (
	principal VARCHAR NOT NULL, 
	method VARCHAR NOT NULL, 
	request_id VARCHAR NOT NULL, 
	body_hash BLOB NOT NULL, 
	reply BLOB NOT NULL, 
	time FLOAT NOT NULL, 
	PRIMARY KEY (principal, method, request_id)
);

CREATE INDEX replies_time ON replies (time);

CREATE TABLE document_documents (
	document_id VARCHAR(36) NOT NULL, 
	owner_id VARCHAR(64) NOT NULL, 
	created_us BIGINT NOT NULL, 
	lease_token BIGINT NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (document_id)
);

CREATE INDEX document_documents_by_owner ON document_documents (owner_id, created_us, document_id);

CREATE TABLE document_passages (
	passage_id VARCHAR(36) NOT NULL, 
	document_id VARCHAR(36) NOT NULL, 
	owner_id VARCHAR(64) NOT NULL, 
	sequence INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (passage_id)
);

CREATE INDEX document_passages_in_order ON document_passages (document_id, sequence);

CREATE TABLE document_atoms (
	atom_id VARCHAR(36) NOT NULL, 
	document_id VARCHAR(36) NOT NULL, 
	owner_id VARCHAR(64) NOT NULL, 
	sequence INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (atom_id)
);

CREATE INDEX document_atoms_in_order ON document_atoms (document_id, sequence);

CREATE TABLE flowchart_flowcharts (
	document_id VARCHAR(36) NOT NULL, 
	owner_id VARCHAR(64) NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (document_id)
);

CREATE TABLE quiz_quizzes (
	quiz_id VARCHAR(36) NOT NULL, 
	owner_id VARCHAR(64) NOT NULL, 
	document_id VARCHAR(36) NOT NULL, 
	created_us BIGINT NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (quiz_id)
);

CREATE INDEX quiz_quizzes_by_owner ON quiz_quizzes (owner_id, created_us, quiz_id);

CREATE INDEX quiz_quizzes_by_document ON quiz_quizzes (document_id);

CREATE TABLE quiz_items (
	quiz_id VARCHAR(36) NOT NULL, 
	sequence INTEGER NOT NULL, 
	question_id VARCHAR(36) NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (quiz_id, sequence)
);

CREATE TABLE quiz_attempts (
	attempt_id VARCHAR(36) NOT NULL, 
	owner_id VARCHAR(64) NOT NULL, 
	quiz_id VARCHAR(36) NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (attempt_id)
);

CREATE INDEX quiz_attempts_by_quiz ON quiz_attempts (quiz_id);

CREATE TABLE video_videos (
	video_id VARCHAR(36) NOT NULL, 
	owner_id VARCHAR(64) NOT NULL, 
	document_id VARCHAR(36) NOT NULL, 
	created_us BIGINT NOT NULL, 
	archived BOOLEAN NOT NULL, 
	target_seconds INTEGER NOT NULL, 
	lease_token BIGINT NOT NULL, 
	blob_prefix VARCHAR(200) NOT NULL, 
	script BLOB, 
	body BLOB NOT NULL, 
	PRIMARY KEY (video_id)
);

CREATE INDEX video_videos_by_owner ON video_videos (owner_id, created_us, video_id);

CREATE INDEX video_videos_by_document ON video_videos (document_id);

CREATE TABLE video_scenes (
	video_id VARCHAR(36) NOT NULL, 
	scene_index INTEGER NOT NULL, 
	lease_token BIGINT NOT NULL, 
	rendered BLOB, 
	PRIMARY KEY (video_id, scene_index)
);

CREATE TABLE video_tags (
	video_id VARCHAR(36) NOT NULL, 
	tag VARCHAR(50) NOT NULL, 
	PRIMARY KEY (video_id, tag)
);

CREATE INDEX video_tags_by_tag ON video_tags (tag, video_id);

CREATE TABLE llm_usage (
	principal_id VARCHAR(64) NOT NULL, 
	day VARCHAR(10) NOT NULL, 
	engine VARCHAR(64) NOT NULL, 
	prompt_tokens BIGINT NOT NULL, 
	completion_tokens BIGINT NOT NULL, 
	PRIMARY KEY (principal_id, day, engine)
);

CREATE TABLE log_epoch (
	id INTEGER NOT NULL, 
	ahead BIGINT NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE event_failures (
	subscription VARCHAR NOT NULL, 
	event_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	body BLOB NOT NULL, 
	headers JSON NOT NULL, 
	attempts INTEGER NOT NULL, 
	reason VARCHAR NOT NULL, 
	time FLOAT NOT NULL, 
	asked_again BOOLEAN NOT NULL, 
	PRIMARY KEY (subscription, event_id)
);

CREATE INDEX queue_jobs_available ON queue_jobs (available) WHERE finished IS NULL;

CREATE TABLE identity_accounts (
	account_id VARCHAR(36) NOT NULL, 
	username VARCHAR(64) NOT NULL, 
	username_key VARCHAR(64) NOT NULL, 
	sealed_email BLOB, 
	sealed_display_name BLOB, 
	role INTEGER NOT NULL, 
	disabled BOOLEAN NOT NULL, 
	password_hash VARCHAR(255), 
	sealed_totp BLOB, 
	totp_confirmed BOOLEAN NOT NULL, 
	totp_step BIGINT NOT NULL, 
	created_us BIGINT NOT NULL, 
	PRIMARY KEY (account_id), 
	UNIQUE (username_key)
);

CREATE INDEX identity_accounts_in_order ON identity_accounts (created_us, account_id);

CREATE TABLE identity_recovery_codes (
	code_hash VARCHAR(64) NOT NULL, 
	account_id VARCHAR(36) NOT NULL, 
	PRIMARY KEY (code_hash)
);

CREATE INDEX ix_identity_recovery_codes_account_id ON identity_recovery_codes (account_id);

CREATE TABLE identity_providers (
	provider VARCHAR(32) NOT NULL, 
	subject VARCHAR(255) NOT NULL, 
	account_id VARCHAR(36) NOT NULL, 
	PRIMARY KEY (provider, subject), 
	UNIQUE (provider, account_id)
);

CREATE INDEX ix_identity_providers_account_id ON identity_providers (account_id);

CREATE TABLE identity_students (
	teacher_id VARCHAR(36) NOT NULL, 
	student_id VARCHAR(36) NOT NULL, 
	linked_us BIGINT NOT NULL, 
	PRIMARY KEY (teacher_id, student_id)
);

CREATE INDEX identity_students_by_student ON identity_students (student_id);

CREATE INDEX identity_students_in_order ON identity_students (teacher_id, linked_us, student_id);

CREATE TABLE identity_sessions (
	session_id VARCHAR(36) NOT NULL, 
	account_id VARCHAR(36) NOT NULL, 
	sealed_client BLOB NOT NULL, 
	created_us BIGINT NOT NULL, 
	refreshed_us BIGINT NOT NULL, 
	ends_us BIGINT NOT NULL, 
	PRIMARY KEY (session_id)
);

CREATE INDEX identity_sessions_by_account ON identity_sessions (account_id, created_us, session_id);

CREATE INDEX identity_sessions_by_end ON identity_sessions (ends_us);

CREATE TABLE identity_refresh_tokens (
	token_hash VARCHAR(64) NOT NULL, 
	session_id VARCHAR(36) NOT NULL, 
	used BOOLEAN NOT NULL, 
	PRIMARY KEY (token_hash)
);

CREATE INDEX ix_identity_refresh_tokens_session_id ON identity_refresh_tokens (session_id);

CREATE TABLE identity_revocations (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	session_id VARCHAR(36) NOT NULL, 
	time_us BIGINT NOT NULL
);

CREATE INDEX ix_identity_revocations_time_us ON identity_revocations (time_us);

CREATE TABLE identity_one_time_tokens (
	token_hash VARCHAR(64) NOT NULL, 
	purpose VARCHAR(16) NOT NULL, 
	account_id VARCHAR(36) NOT NULL, 
	sealed_body BLOB, 
	ends_us BIGINT NOT NULL, 
	PRIMARY KEY (token_hash)
);

CREATE INDEX ix_identity_one_time_tokens_ends_us ON identity_one_time_tokens (ends_us);

CREATE TABLE identity_api_keys (
	api_key_id VARCHAR(36) NOT NULL, 
	account_id VARCHAR(36) NOT NULL, 
	key_hash VARCHAR(64) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	prefix VARCHAR(16) NOT NULL, 
	scopes JSON NOT NULL, 
	created_us BIGINT NOT NULL, 
	ends_us BIGINT NOT NULL, 
	used_us BIGINT NOT NULL, 
	PRIMARY KEY (api_key_id), 
	UNIQUE (key_hash)
);

CREATE INDEX identity_api_keys_by_account ON identity_api_keys (account_id, created_us, api_key_id);

CREATE TABLE identity_signing_keys (
	kid VARCHAR(36) NOT NULL, 
	sealed_private BLOB NOT NULL, 
	created_us BIGINT NOT NULL, 
	PRIMARY KEY (kid)
);

CREATE INDEX ix_identity_signing_keys_created_us ON identity_signing_keys (created_us);

CREATE TABLE audit_entries (
	audit_entry_id VARCHAR(36) NOT NULL, 
	time_us BIGINT NOT NULL, 
	principal_id VARCHAR(64) NOT NULL, 
	method VARCHAR(200) NOT NULL, 
	resource VARCHAR(128) NOT NULL, 
	code VARCHAR(32) NOT NULL, 
	reason VARCHAR(64) NOT NULL, 
	sealed_address BLOB NOT NULL, 
	request_id VARCHAR(64) NOT NULL, factors JSON DEFAULT '[]' NOT NULL, 
	PRIMARY KEY (audit_entry_id)
);

CREATE INDEX audit_entries_by_principal ON audit_entries (principal_id, time_us, audit_entry_id);

CREATE INDEX audit_entries_by_resource ON audit_entries (resource, time_us, audit_entry_id);

CREATE INDEX audit_entries_in_order ON audit_entries (time_us, audit_entry_id);

CREATE TRIGGER audit_entries_stay_as_they_are BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries stay as they are'); END;

CREATE TRIGGER audit_entries_stay BEFORE DELETE ON audit_entries WHEN OLD.time_us > (unixepoch() - 400 * 86400) * 1000000 BEGIN SELECT RAISE(ABORT, 'audit entries stay as they are'); END;

INSERT INTO alembic_version VALUES ('0005');

INSERT INTO log_epoch VALUES (1, 0);
