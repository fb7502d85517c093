"""TODO: kubeproxy."""
