"""What goes into logs and replies holds no signature."""

from __future__ import annotations

from cloud_data_cockpit.errors import NotFound
from cloud_data_cockpit.jobs.tracebacks import problem_of, redacted, traceback_text


def test_signatures_are_taken_out() -> None:
    url = "http://h/b/k?X-Amz-Credential=AKIA%2F2026&X-Amz-Signature=abc123&x-amz-security-token=TOK&partNumber=1"
    text = redacted(f"GET {url} Authorization: 'AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=ffff'")
    for secret in ("AKIA", "abc123", "TOK", "ffff"):
        assert secret not in text
    assert "partNumber=1" in text


def test_a_traceback_names_the_place() -> None:
    try:
        raise ValueError("https://h/?X-Amz-Signature=0badcafe")
    except ValueError as error:
        text = traceback_text(error)
    assert "test_tracebacks.py" in text
    assert "ValueError" in text
    assert "0badcafe" not in text


def test_problems() -> None:
    assert problem_of(NotFound("gone")).model_dump() == {"code": "not_found", "message": "gone"}
    unforeseen = problem_of(ZeroDivisionError("secret detail"))
    assert unforeseen.code == "internal"
    assert "ZeroDivisionError" in unforeseen.message
    assert "log" in unforeseen.message
    assert "secret detail" not in unforeseen.message
