# The two commands of the README are `make demo` and `make test`; each does its own set-up.
.PHONY: demo test proofs up services services-down setup lock sample gen check help
.DEFAULT_GOAL := help

help:
	@echo "make demo    take the sample chapter through the whole product and leave it running on port 8080"
	@echo "make test    check and test everything"
	@echo "make proofs  prove what must hold when processes, disks and networks fail; takes an hour"
	@echo "make up      run Mootion in the foreground"
	@echo "make services  start PostgreSQL, Redis, RabbitMQ and an S3 server here; make services-down stops them"
	@echo "make gen     write again everything that is derived from the contracts"
	@echo "make check   what CI checks before the tests: contracts, derived files, style, types"
	@echo "make lock    write requirements.lock again from requirements.in"
	@echo "make sample  write the sample chapter again as PDF and DOCX"

setup:
	@sh scripts/setup.sh

demo: setup
	@.venv/bin/mootion demo examples/waves-and-sound.pdf

up: setup
	@.venv/bin/mootion up

test: setup check
	@sh scripts/setup.sh servers || echo "tests that need these servers are skipped" >&2
	@.venv/bin/python -m pytest

proofs: setup
	@sh scripts/setup.sh servers || echo "proofs that need these servers are skipped" >&2
	@.venv/bin/python -m proofs --write

services: setup
	@.venv/bin/python -m ground up

services-down: setup
	@.venv/bin/python -m ground down

sample: setup
	@.venv/bin/python -m examples.make_sample

lock: setup
	@.venv/bin/uv pip compile --quiet --generate-hashes --python-version 3.11 requirements.in -o requirements.lock

gen: setup
	@.venv/bin/python -m mesh.derive.stubs
	@.venv/bin/python -m mesh.derive gen

check: setup
	@.venv/bin/python -m mesh.derive check
