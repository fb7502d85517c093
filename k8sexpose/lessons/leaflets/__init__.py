"""What goes further: questions on what is left over, and on sticky sessions."""
