"""Test hosts: containers that look like EL servers and are reached by real SSH."""
