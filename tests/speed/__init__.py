"""Speed: what is measured of it, and what makes it."""
