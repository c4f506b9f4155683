"""What a person may choose when she cuts a CSV; draws the form in the panel."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from .base import PartitionParams

NO_QUOTES = "none"
SPELLED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}


class CsvParams(PartitionParams):
    """How to cut a CSV, and how to read it where finding that out from its content is not wanted."""

    slice_bytes: int | None = Field(
        default=None,
        ge=1,
        title="Bytes per slice",
        description="About so many bytes in each slice; a row is never cut.",
        json_schema_extra={"cut": True},
    )
    rows: int | None = Field(
        default=None,
        ge=1,
        title="Rows per slice",
        description="Exactly so many rows in each slice; the last one has what remains.",
        json_schema_extra={"cut": True},
    )
    delimiter: str | None = Field(
        default=None,
        title="Delimiter",
        description='The character between cells, or "tab". Found from the content when empty.',
        json_schema_extra={"reading": True},
    )
    quotechar: str | None = Field(
        default=None,
        title="Quote character",
        description='The character around cells that hold delimiters or newlines, or "none". Found when empty.',
        json_schema_extra={"reading": True},
    )
    encoding: str | None = Field(
        default=None,
        title="Encoding",
        description="Such as utf-8, cp1252, utf-16 or gb18030. Found from the content when empty.",
        json_schema_extra={"reading": True},
    )
    header: Literal["auto", "yes", "no"] = Field(
        default="auto",
        title="Header",
        description="Whether the first row names the columns. Every slice is read with these names.",
        json_schema_extra={"reading": True},
    )
    types: Literal["infer", "text"] = Field(
        default="infer",
        title="Types of the columns",
        description="infer: numbers, truth values and text, alike in all slices. text: every cell as it is written.",
        json_schema_extra={"reading": True},
    )

    @field_validator("delimiter", "quotechar", mode="after")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        value = SPELLED.get(value, value) if value else None
        if value is None or value == NO_QUOTES:
            return value
        if len(value) != 1 or not value.isascii() or value in "\r\n\0":
            raise ValueError(f'{value!r} is not one ASCII character; write "tab" for a tabulator')
        return value

    @field_validator("encoding", mode="after")
    @classmethod
    def _named(cls, value: str | None) -> str | None:
        return value or None

    @model_validator(mode="after")
    def _apart(self) -> CsvParams:
        if self.delimiter == NO_QUOTES:
            raise ValueError("the delimiter must be one character; every file with more than one column has one")
        if self.delimiter is not None and self.delimiter == self.quotechar:
            raise ValueError(f"{self.delimiter!r} cannot be both the delimiter and the quote character")
        return self
