"""The ways out. What a gateway answers becomes one of our outcomes, whatever its protocol."""
