"""What this repository measures about itself and about the claims of the papers it implements."""
