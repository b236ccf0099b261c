"""What schemathesis does not know by itself of this API."""

import itertools
import re

import schemathesis

# Valid by its pattern but for the part of the schema that says "not", which generated examples do not keep to.
NIL = re.compile(r"^(urn:uuid:|\{)?[-0]+\}?$")
KEY = re.compile(r'^([!#-~]{1,255}|"([ !#-\[\]-~]|\\["\\]){1,255}")$')
PARTITION = re.compile(r"^p[1-7]\.")
RANK = re.compile(r"(?<=\.)[0-3]?([0-9])$")
REQUESTS = itertools.count()
LINE = '{"orderId": 1, "delivery": "Express", "items": [{"orderItemId": 1, "sku": "A", "quantity": 1}]}'


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    """A text follows a line that is an order: any text may, and is refused by itself."""
    return f"{LINE}\n{value}".encode("utf-8", "replace") if isinstance(value, str) else str(value).encode()


def of_one_partition(values, name):
    """Ids and cursors of further partitions are valid, but not where there is one."""
    if isinstance(values, dict) and isinstance(values.get(name), str):
        text = PARTITION.sub("", values[name])
        values[name] = RANK.sub(lambda rank: str(int(rank[1]) % 5), text)


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Gives an order without an identity one, and each request a key of its own; 60.0 seconds, a whole number to the schema, become 60."""
    headers = case.headers or {}
    if isinstance(headers.get("Idempotency-Key"), str) and KEY.match(headers["Idempotency-Key"]):
        headers["Idempotency-Key"] = f"request-{next(REQUESTS)}"
    if isinstance(case.body, dict) and isinstance(case.body.get("forS"), float) and case.body["forS"].is_integer():
        case.body["forS"] = int(case.body["forS"])
    of_one_partition(case.path_parameters, "id")
    of_one_partition(case.query, "cursor")
    orders = case.body if isinstance(case.body, list) else [case.body]
    for order in orders:
        if isinstance(order, dict) and isinstance(order.get("orderGuid"), str) and NIL.match(order["orderGuid"]):
            order["orderGuid"] = "00000000-0000-4000-8000-000000000001"
