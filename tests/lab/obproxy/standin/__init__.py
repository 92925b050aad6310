"""A stand-in for OBProxy; ../README.md of the sources says what it imitates."""
