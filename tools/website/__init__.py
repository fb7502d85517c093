"""Make the course a site whose widgets live without a kernel."""
