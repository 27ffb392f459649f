"""The words in which the derived edge asks the rate-limit service about a call, shared by both."""

# Name of the cluster where the service answers.
LIMITER = "limiter"
# What a question says: the gRPC path of the method, the address, the account of a verified token, by which door the
# call came, and its request id.
METHOD = "method"
ADDRESS = "remote_address"
PRINCIPAL = "principal"
DOOR = "door"
BY_GRPC, BY_REST = "grpc", "rest"
REQUEST_ID = "request_id"
