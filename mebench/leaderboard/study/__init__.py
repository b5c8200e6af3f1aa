"""What people see: a page on which they choose between outputs, a sheet for coders, and what follows from their answers."""
