PY := .venv/bin/python
PROTOS := $(shell find protos/mootion protos/vendor/buf -name '*.proto')

gen:
	rm -rf gen && mkdir gen
	$(PY) -m grpc_tools.protoc -I protos -I protos/vendor --python_out=gen --grpc_python_out=gen --mypy_out=gen --mypy_grpc_out=gen $(patsubst protos/vendor/%,%,$(patsubst protos/mootion/%,mootion/%,$(PROTOS)))
.PHONY: gen
