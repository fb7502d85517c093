"""Tests of k8sexpose.kubeproxy."""
