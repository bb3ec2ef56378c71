"""The configuration: read strictly, checked as a whole, refused in words."""
