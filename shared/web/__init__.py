"""What the pages of the three services share: shell, sign-in, errors."""
