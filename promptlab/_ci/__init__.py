"""What a run leaves for a CI service: a JUnit file, and a job summary in Markdown."""

from promptlab._ci._junit import junit_xml
from promptlab._ci._markdown import Told, job_summary, write_summary

__all__ = ["Told", "job_summary", "junit_xml", "write_summary"]
